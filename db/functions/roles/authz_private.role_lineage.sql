-- A role and those it inherits from, nearest first. Cycles are refused when written; the path ends
-- one all the same.

create or replace function authz_private.role_lineage(role_id int)
returns table (ancestor_id int, role_path text, refusal text)
language sql stable security invoker parallel safe
begin atomic
    with recursive lineage (id, parent_role_id, tenant_id, ids, role_path, refusal) as (
        select
            r.id,
            r.parent_role_id,
            r.tenant_id,
            array[r.id],
            r.code,
            case when not r.is_active then 'the role is inactive' end
        from authz.roles as r
        where r.id = role_lineage.role_id
        union all
        select
            p.id,
            p.parent_role_id,
            p.tenant_id,
            l.ids || p.id,
            l.role_path || ' > ' || p.code,
            coalesce(
                l.refusal,
                case
                    when not p.is_active then 'the role ' || p.code || ' is inactive'
                    when p.tenant_id <> l.tenant_id
                        or p.tenant_id is not null and l.tenant_id is null
                        then 'the role ' || p.code || ' belongs to another tenant'
                end
            )
        from lineage as l
        inner join authz.roles as p on l.parent_role_id = p.id
        where p.id <> all(l.ids)
    )

    select
        l.id,
        l.role_path,
        l.refusal
    from lineage as l;
end;

comment on function authz_private.role_lineage(int) is
    'The role and its parents in turn, with the path of codes from the role to each; refusal says '
    'why what it carries does not count, null that it does.';
revoke all on function authz_private.role_lineage(int) from public;

-- What was written out was made by the text before this one, and is not read until it is made anew.
update authz_private.expansion set guards_changed_by = '{}';
insert into authz_private.policy_marks (user_id) values (null);
