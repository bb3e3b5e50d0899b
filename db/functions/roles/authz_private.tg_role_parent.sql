-- Every change of the hierarchy writes one row: of two changes the second sees the first, or at
-- REPEATABLE READ and above fails with 40001, so two sessions cannot close a cycle between them.

create or replace function authz_private.tg_role_parent()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    update authz_private.role_tree as t set version = t.version + 1;
    if exists (
        with recursive above (id, parent_role_id) as (
            select r.id, r.parent_role_id
            from authz.roles as r
            where r.id = new.parent_role_id
            union
            select p.id, p.parent_role_id
            from above as a
            inner join authz.roles as p on a.parent_role_id = p.id
        )

        select from above as a where a.id = new.id
    )
    then
        raise exception 'role % cannot inherit from itself', new.id
            using errcode = '23514', hint = 'Choose a parent that is not below the role.';
    end if;
    if exists (
        select
        from authz.roles as p
        where p.id = new.parent_role_id
            and p.tenant_id is not null
            and p.tenant_id is distinct from new.tenant_id
    )
    then
        raise exception 'parent_role_id % belongs to another tenant', new.parent_role_id
            using errcode = '23514', hint = 'Inherit from a role of the tenant or of the platform.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_role_parent() is
    'Trigger: a role inherits from one of its tenant or of the platform, and not from itself. '
    '23514 otherwise; 40001: retry.';
revoke all on function authz_private.tg_role_parent() from public;
