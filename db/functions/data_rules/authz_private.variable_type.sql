-- Built-in variables and those of the installation, in one list.

create or replace function authz_private.variable_type(
    name text, out type text, out is_list boolean, out family text
)
returns record
language sql stable security invoker parallel safe
begin atomic
    select
        v.type,
        v.is_list,
        case when v.type in ('bigint', 'numeric') then 'number' else v.type end
    from (
        values
        ('user_id', 'bigint', false),
        ('username', 'text', false),
        ('base_unit_id', 'bigint', false),
        ('tenant_id', 'bigint', false),
        ('now', 'timestamptz', false)
        union all
        select w.name, w.type, w.is_list
        from authz.variables as w
    ) as v (name, type, is_list)
    where v.name = variable_type.name;
end;

comment on function authz_private.variable_type(text) is
    'Type of a variable, whether it is a list, and what kind of column it is compared with; nulls '
    'for an unknown one.';
revoke all on function authz_private.variable_type(text) from public;
