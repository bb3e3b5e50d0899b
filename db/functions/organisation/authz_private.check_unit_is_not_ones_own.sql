-- To move or to reshape the unit one belongs to is to change what one holds.

create or replace function authz_private.check_unit_is_not_ones_own(
    actor_id bigint, unit_path ext.ltree
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if exists (
        select
        from (
            select p.unit_id from authz_private.units_of_user(actor_id) as p
            union all
            select g.business_unit_id from authz_private.grants as g where g.user_id = actor_id
        ) as mine
        inner join authz.org_units as n on mine.unit_id = n.id
        where n.path operator (ext.<@) unit_path
    )
    then
        raise exception 'unit_id: you belong to it, or hold something there'
            using errcode = '42501', hint = 'Ask somebody above the unit.';
    end if;
end
$$;

comment on function authz_private.check_unit_is_not_ones_own(bigint, ext.ltree) is
    'Refuses with 42501 a unit in or above which the acting user belongs or was given '
    'something: the path is that of the unit.';
revoke all on function authz_private.check_unit_is_not_ones_own(bigint, ext.ltree) from public;
