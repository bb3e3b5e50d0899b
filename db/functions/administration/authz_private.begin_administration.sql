-- The lock of every change by function, taken before anything is checked: the row of the tenant, as
-- a move takes it. Whoever waited reads what the other committed, or above READ COMMITTED gets
-- 40001. Who holds nothing that could permit a change takes no lock either.

create or replace function authz_private.begin_administration(tenant_id int, parameter text)
returns bigint
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    affected int;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    if begin_administration.tenant_id is null
        or not exists (
            select
            from authz_private.grants as g
            where g.user_id = me
                and g.effect = 'allow'
                and g.refusal is null
                and g.action <> 'read'
                and g.resource operator (ext.<@) 'directory'::ext.ltree
                and (begin_administration.tenant_id = home or g.scope = 'system')
        )
        and not exists (
            select
            from authz.permission_templates as t
            where begin_administration.tenant_id = home
                and t.tenant_id = home
                and t.permission_key ~ '^(units|users|permissions)\.'
        )
    then
        perform authz_private.refuse_administration(parameter);
    end if;
    for affected in
        select distinct t.id
        from (values (home), (begin_administration.tenant_id)) as t (id)
        order by t.id
    loop
        update authz.tenants as t
        set tree_version = t.tree_version + 1
        where t.id = affected and t.xmin <> pg_current_xact_id()::xid;
    end loop;
    -- Meanwhile the user may have been deactivated.
    me := authz_private.signed_in_user();
    -- A plain update of what they hold, too, is waited for, or seen above READ COMMITTED.
    perform from authz.users as u where u.id = me for share;
    perform from authz.user_roles as g where g.tenant_id = home and g.user_id = me for share;
    perform from authz.user_policies as g where g.tenant_id = home and g.user_id = me for share;
    perform from authz.user_permissions as g where g.tenant_id = home and g.user_id = me for share;
    -- A window that ended since the statement began is open to it still.
    if exists (
        select
        from (
            select g.valid_until from authz.user_roles as g
            where g.tenant_id = home and g.user_id = me
            union all
            select g.valid_until from authz.user_policies as g
            where g.tenant_id = home and g.user_id = me
            union all
            select g.valid_until from authz.user_permissions as g
            where g.tenant_id = home and g.user_id = me
        ) as w
        where w.valid_until > statement_timestamp() and w.valid_until <= clock_timestamp()
    )
    then
        raise exception 'what you hold has changed meanwhile'
            using errcode = '40001', hint = 'Retry the transaction.';
    end if;
    return me;
end
$$;

comment on function authz_private.begin_administration(int, text) is
    'The acting user, with their tenant and the one concerned locked. 28000 if nobody is signed '
    'in; 42501 somebody who may change nothing at all there; 40001 a grant of theirs ended since '
    'the statement began.';
revoke all on function authz_private.begin_administration(int, text) from public;
