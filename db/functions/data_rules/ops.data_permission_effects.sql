-- For a staged roll-out: what the switch at log has counted so far.

create or replace function ops.data_permission_effects()
returns table (
    dataset text,
    rule_id bigint,
    user_id bigint,
    hidden bigint,
    first_noted_at timestamptz,
    last_noted_at timestamptz
)
language sql stable security definer parallel safe
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        h.dataset,
        nullif(h.rule_id, 0),
        h.user_id,
        sum(h.hidden)::bigint,
        min(h.noted_at),
        max(h.noted_at)
    from ops.hidden_by_rule as h
    group by h.dataset, h.rule_id, h.user_id;
end;

comment on function ops.data_permission_effects() is
    'By rule and user: rows that a row permission would have hidden (rule_id null: that no permit '
    'of the dataset shows), or statements on the view that would have read a masked column, while '
    'authz.settings.data_permissions was log. A row counts each time a statement looked at it.';
revoke all on function ops.data_permission_effects() from public;
grant execute on function ops.data_permission_effects()
to fundwarden_operator, fundwarden_auditor;
