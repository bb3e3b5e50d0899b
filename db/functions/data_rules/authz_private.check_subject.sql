-- Row and column permissions name whom they are about alike.

create or replace function authz_private.check_subject(
    dimension authz.permission_dimension, subject text, whitelist bigint [], tenant_id int
)
returns int
language plpgsql stable security invoker parallel safe
as $$
declare
    is_known boolean;
    home int;
begin
    if check_subject.dimension is null then
        raise exception 'dimension is missing'
            using errcode = '22023', hint = 'role, user or variable.';
    end if;
    is_known := case
        when check_subject.dimension = 'variable'
            then (select v.type from authz_private.variable_type(check_subject.subject) as v) is not null
        when check_subject.subject is null or check_subject.subject !~ '^[1-9][0-9]{0,17}$' then false
        when check_subject.dimension = 'role'
            then exists (select from authz.roles as r where r.id = check_subject.subject::bigint)
        else exists (select from authz.users as u where u.id = check_subject.subject::bigint)
    end;
    if not is_known then
        raise exception 'subject: there is no % %',
            check_subject.dimension, coalesce(quote_literal(left(check_subject.subject, 100)), 'null')
            using
                errcode = '22023',
                hint = 'Pass the id of a role or user, or the name of a variable, by dimension.';
    end if;
    home := case check_subject.dimension
        when 'role'
            then (select r.tenant_id from authz.roles as r where r.id = check_subject.subject::bigint)
        when 'user'
            then (select u.tenant_id from authz.users as u where u.id = check_subject.subject::bigint)
    end;
    if home <> check_subject.tenant_id then
        raise exception 'tenant_id: the % is of another tenant', check_subject.dimension
            using errcode = '22023', hint = 'Leave tenant_id out.';
    end if;
    if check_subject.tenant_id is not null
        and not exists (select from authz.tenants as t where t.id = check_subject.tenant_id)
    then
        raise exception 'tenant_id: there is no tenant %', check_subject.tenant_id
            using errcode = '22023', hint = 'Pass the id of a root unit, or leave tenant_id out.';
    end if;
    if array_position(check_subject.whitelist, null) is not null then
        raise exception 'whitelist has a null in it'
            using errcode = '22023', hint = 'Pass ids of users.';
    end if;
    return coalesce(home, check_subject.tenant_id);
end
$$;

comment on function authz_private.check_subject(authz.permission_dimension, text, bigint [], int) is
    'The tenant of a rule: that of its role or user, or the one given. 22023 for a subject that '
    'does not exist, another tenant, a whitelist with nulls.';
revoke all on function authz_private.check_subject(authz.permission_dimension, text, bigint [], int)
from public;
