-- The checks and the query that audit.access_as_of() and audit.scope_as_of() have in common.

create or replace function authz_private.units_as_of(
    user_id bigint, resource text, action text, unit_ids int [], at timestamptz, context jsonb
)
returns int []
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set jit = off
set work_mem = '64MB'
as $$
declare
    begins timestamptz;
    gap record;
    strangers text;
    found_units int [];
begin
    if not exists (select from authz.resources as r where r.code = units_as_of.resource)
        and not exists (
            select
            from audit.permission_audit_log as l
            where l.logged_at > at
                and l.table_name = 'authz.resources'
                and l.old_values ->> 'code' = units_as_of.resource
        )
    then
        raise exception 'resource % does not exist',
            coalesce(quote_literal(left(resource, 100)), 'null')
            using errcode = '22023', hint = 'Pass the code of a row in authz.resources.';
    end if;
    if action is null or action !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise exception 'action % is not an action',
            coalesce(quote_literal(left(action, 100)), 'null')
            using errcode = '22023', hint = 'Pass a word such as read, create, update or delete.';
    end if;
    if context is not null and jsonb_typeof(context) <> 'object' then
        raise exception 'context must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for no context.';
    end if;

    select greatest(
        max(s.sealed_at) filter (where s.kind = 'start'),
        max((s.note ->> 'kept_from')::timestamptz) filter (where s.kind = 'retention')
    )
    into begins
    from audit.seals as s;
    if at is null or begins is null or at < begins or at > clock_timestamp() then
        raise exception 'at: the log tells nothing of %', coalesce(at::text, 'null')
            using
                errcode = '22023',
                hint = format(
                    'Pass an instant between %s and now.', coalesce(begins::text, '(never)')
                );
    end if;
    select l.action, l.table_name, l.logged_at
    into gap
    from audit.permission_audit_log as l
    where l.logged_at > at
        and (
            l.action = 'LOAD' or l.action = 'TRUNCATE' and l.new_values <> '{"rows": 0}'
        )
        and l.table_name <> 'authz.settings'
    order by l.id desc
    limit 1;
    if found then
        raise exception 'at: the rows that % held before the % of % were not logged',
            gap.table_name, gap.action, gap.logged_at
            using errcode = '22023', hint = 'Pass an instant after it.';
    end if;

    strangers := authz_private.as_of_unknowns();
    if strangers is not null then
        raise exception 'what access depends on is not all in the log: %', strangers
            using errcode = '0A000', hint = 'This is a bug of fundwarden; report it.';
    end if;
    -- Names that are not of the query are those of our own schemas; restored at the end.
    perform set_config('search_path', 'pg_catalog, ext, authz_private, authz, pg_temp', true);
    execute authz_private.as_of_query()
    into found_units
    using user_id, resource, action, unit_ids, at, context;
    return found_units;
end
$$;

comment on function authz_private.units_as_of(bigint, text, text, int [], timestamptz, jsonb) is
    'Those of the units (null: of all) in which the user could do resource:action at that instant, '
    'ascending. 22023 as of audit.access_as_of().';
revoke all on function authz_private.units_as_of(bigint, text, text, int [], timestamptz, jsonb)
from public;
