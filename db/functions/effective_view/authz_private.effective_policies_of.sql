-- Behind authz.effective_policies, whose result column is called like an argument.

create or replace function authz_private.effective_policies_of(asked_id bigint)
returns setof authz_private.held_permissions
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := authz_private.user_in_question(asked_id, 'user_id');
begin
    return query
    select l.*
    from authz_private.held_permissions as l
    inner join authz.org_units as n on l.business_unit_id = n.id and n.is_active
    where l.user_id = subject_id
        and (l.valid_from is null or l.valid_from <= authz.clock())
        and (l.valid_until is null or l.valid_until > authz.clock());
end
$$;

comment on function authz_private.effective_policies_of(bigint) is
    'Rows of authz.effective_policies, with its errors.';
revoke all on function authz_private.effective_policies_of(bigint) from public;
