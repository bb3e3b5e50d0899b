-- Whoever separates two roles, or joins them again, stands above both and holds neither of them.

create or replace function authz_private.check_pair(
    actor_id bigint, tenant_id int, role_id int, other_role_id int
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    one authz.roles;
    other authz.roles;
    root ext.ltree;
begin
    one := authz_private.usable_role(check_pair.role_id, check_pair.tenant_id, 'role_id');
    other := authz_private.usable_role(
        check_pair.other_role_id, check_pair.tenant_id, 'other_role_id'
    );
    if one.id = other.id then
        raise exception 'other_role_id is role_id'
            using errcode = '22023', hint = 'Pass two different roles.';
    end if;
    select n.path into root from authz.org_units as n where n.id = check_pair.tenant_id;
    if not authz_private.outranks(actor_id, greatest(one.rank, other.rank), root, true) then
        raise exception 'role_id: above your rank'
            using errcode = '42501', hint = 'Ask somebody of at least the rank of both.';
    end if;
end
$$;

comment on function authz_private.check_pair(bigint, int, int, int) is
    'Refuses with 42501 a role of another tenant or absent, above the rank of the acting user; '
    'with 22023 one role twice.';
revoke all on function authz_private.check_pair(bigint, int, int, int) from public;
