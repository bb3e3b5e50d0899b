-- For the policies and views made of data permissions, which ask it once a statement and rule in a
-- sub-select.

create or replace function authz.data_rule_applies(rule_id bigint)
returns boolean
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    answer boolean;
begin
    -- A rule that went while a plan still asks for it hides as it did.
    if me is null then
        return true;
    end if;
    select
        r.is_active
        and authz_private.rule_applies(
            me,
            (select u.tenant_id from authz.users as u where u.id = me),
            case when r.role_id is not null then authz_private.roles_now(me) end,
            r.role_id, r.user_id, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
        )
    into answer
    from authz.row_permissions as r
    where r.id = data_rule_applies.rule_id;
    if not found then
        select
            r.is_active
            and authz_private.rule_applies(
                me,
                (select u.tenant_id from authz.users as u where u.id = me),
                case when r.role_id is not null then authz_private.roles_now(me) end,
                r.role_id, r.user_id, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
            )
        into answer
        from authz.column_permissions as r
        where r.id = data_rule_applies.rule_id;
    end if;
    return coalesce(answer, true);
end
$$;

comment on function authz.data_rule_applies(bigint) is
    'Whether the row or column permission of this id is about the user who is signed in, now. '
    'True for nobody and for an unknown rule.';
revoke all on function authz.data_rule_applies(bigint) from public;
grant execute on function authz.data_rule_applies(bigint) to fundwarden_app;
