-- An owner or auditor who is nobody of the organisation means the one tenant that there is.

create or replace function authz_private.report_unit(asked_id int)
returns int
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    tenants int [];
begin
    if asked_id is not null
        or authz.current_user_id() is not null
        or not authz_private.may_see_every_review()
    then
        return authz_private.reviewed_unit(asked_id);
    end if;
    tenants := array(select t.id from authz.tenants as t order by t.id limit 2);
    if cardinality(tenants) = 0 then
        raise exception 'there is no organisation yet'
            using errcode = '22023', hint = 'Create its root unit first.';
    elsif cardinality(tenants) > 1 then
        raise exception 'unit_id is needed: there are several organisations'
            using errcode = '22023', hint = (
                select 'Pass the id of a unit. Roots: ' || string_agg(
                    format('%s (%s)', n.id, n.path), ', '
                    order by n.id
                )
                from (
                    select
                        n.id,
                        n.path
                    from authz.org_units as n
                    where n.parent_id is null
                    order by n.id
                    limit 20
                ) as n
            );
    end if;
    return tenants[1];
end
$$;

comment on function authz_private.report_unit(int) is
    'The unit that a report is about, as authz_private.reviewed_unit allows it; null is the tenant '
    'of who is signed in, else the only one. 28000, 42501; 22023 absent, or several tenants.';
revoke all on function authz_private.report_unit(int) from public;
