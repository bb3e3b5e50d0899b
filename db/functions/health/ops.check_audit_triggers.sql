-- Counted from a list: a trigger that was dropped is missed by nobody in the catalog.

create or replace function ops.check_audit_triggers()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    missing bigint;
    which text;
    unkept bigint;
    commands text;
begin
    select
        count(*),
        array_to_string((array_agg(distinct w.title order by w.title))[1:5], ', ')
    into missing, which
    from (
        select a.title
        from unnest(authz_private.audited_tables()) as a (title)
        -- INSERT, DELETE, UPDATE, TRUNCATE.
        cross join unnest(array[4, 8, 16, 32]) as k (kind)
        where not exists (
            select
            from pg_trigger as t
            where t.tgrelid = to_regclass(a.title)
                and t.tgfoid = 'authz_private.tg_audit()'::regprocedure
                and t.tgenabled = 'A'
                and t.tgtype & k.kind > 0
        )
        union all
        select a.title
        from (
            values
            ('audit.permission_audit_log', 8), ('audit.permission_audit_log', 16),
            ('audit.permission_audit_log', 32),
            ('audit.seals', 8), ('audit.seals', 16), ('audit.seals', 32)
        ) as a (title, kind)
        where not exists (
            select
            from pg_trigger as t
            where t.tgrelid = to_regclass(a.title)
                and t.tgfoid = 'authz_private.tg_keep_log()'::regprocedure
                and t.tgenabled = 'A'
                and t.tgtype & a.kind > 0
        )
    ) as w;
    -- Of no file that migrate would apply again: it compares what is no partition.
    select
        count(*),
        string_agg(
            format(
                'create or replace trigger _200_keep_log_whole before truncate on %1$s '
                'for each statement execute function authz_private.tg_keep_log();', p.partition_id
            ) || E'\n' || format(
                'alter table %s enable always trigger _200_keep_log_whole;', p.partition_id
            ),
            E'\n' order by p.partition_id::text
        )
    into unkept, commands
    from authz_private.log_partitions() as p
    where not exists (
        select
        from pg_trigger as t
        where t.tgrelid = p.partition_id
            and t.tgfoid = 'authz_private.tg_keep_log()'::regprocedure
            and t.tgenabled = 'A'
            and t.tgtype & 32 > 0
    );

    return ops.finding(
        'audit_triggers',
        'Every change of access is logged, and the log kept',
        'critical',
        missing + unkept,
        format(
            'triggers that are missing, or not enabled always: %s%s; partitions that can be '
            'truncated: %s',
            missing, ' (' || which || ')', unkept
        ),
        'Then ask audit.verify_tables() what changed meanwhile.',
        case when missing > 0 then 'runner migrate' else commands end,
        case when missing > 0 then 'installer' else 'fundwarden_owner' end
    );
end
$$;

comment on function ops.check_audit_triggers() is
    'Triggers that log changes of the permission model, or keep the log from being changed, and '
    'are missing or not enabled always.';
revoke all on function ops.check_audit_triggers() from public;
grant execute on function ops.check_audit_triggers()
to fundwarden_operator, fundwarden_auditor;
