-- Current. Without one of these a change would go unmarked, and the view be believed.

create or replace view authz_private.marking_triggers
with (security_invoker = true) as
select
    t.oid,
    t.xmin as changed_by,
    t.tgrelid,
    t.tgname,
    t.tgenabled = 'A' as is_always,
    p.proname = 'tg_expand_permissions' as keeps_expansion
from pg_catalog.pg_trigger as t
inner join pg_catalog.pg_proc as p on t.tgfoid = p.oid
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
where n.nspname = 'authz_private'
    and p.proname in (
        'tg_mark_users', 'tg_mark_changed_users', 'tg_mark_everyone', 'tg_expand_permissions'
    );

comment on view authz_private.marking_triggers is
    'The triggers that mark changes of effective policies, with the transaction that last changed '
    'each.';
revoke all on authz_private.marking_triggers from public;
