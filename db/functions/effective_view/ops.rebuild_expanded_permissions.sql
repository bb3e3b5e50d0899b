-- After the triggers or the meaning were made anew, or whenever somebody went around them.

create or replace function ops.rebuild_expanded_permissions()
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set row_security = on
as $$
begin
    perform authz_private.expand_permissions();
    update authz_private.expansion
    set
        first_guard = g.first_guard,
        last_guard = g.last_guard,
        guards_changed_by = g.changed_by
    from (
        select
            coalesce(min(t.oid), 0) as first_guard,
            coalesce(max(t.oid), 0) as last_guard,
            coalesce(array_agg(distinct t.changed_by::text), '{}')::xid [] as changed_by
        from authz_private.marking_triggers as t
        where t.keeps_expansion
    ) as g;
end
$$;

comment on function ops.rebuild_expanded_permissions() is
    'Compares authz_private.expanded_permissions with what it is made of, repairs it, and notes '
    'which triggers keep it from now on.';
revoke all on function ops.rebuild_expanded_permissions() from public;
grant execute on function ops.rebuild_expanded_permissions() to fundwarden_operator;
