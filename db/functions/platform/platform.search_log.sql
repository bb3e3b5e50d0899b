-- Each cell sorts and cuts its own rows; what arrives is merged.

create or replace function platform.search_log(
    since timestamptz default null,
    until timestamptz default null,
    of_tenant int default null,
    by_user bigint default null,
    of_table text default null,
    with_action text default null,
    of_request text default null,
    max_rows int default 100
)
returns table (
    cell text,
    problem text,
    id bigint,
    logged_at timestamptz,
    xid text,
    actor_id bigint,
    effective_user_id bigint,
    session_user_name text,
    client_addr inet,
    user_agent text,
    request_id text,
    reason text,
    table_name text,
    row_key jsonb,
    action text,
    old_values jsonb,
    new_values jsonb,
    changed_columns text [],
    tenant_id int
)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    told record;
    filters text;
begin
    if max_rows is null or max_rows not between 1 and 10000 then
        raise exception 'max_rows % is out of range', coalesce(max_rows::text, 'null')
            using errcode = '22023', hint = 'Pass 1 to 10000 rows.';
    end if;
    if since > until then
        raise exception 'since is later than until'
            using
                errcode = '22023', hint = 'since is included, until is not; omit one for no limit.';
    end if;
    filters := concat_ws(
        ' and ',
        'true',
        'l.logged_at >= ' || quote_literal(since) || '::timestamptz',
        'l.logged_at < ' || quote_literal(until) || '::timestamptz',
        'l.tenant_id = ' || of_tenant,
        case
            when by_user is not null
                then format('(l.actor_id = %1$s or l.effective_user_id = %1$s)', by_user)
        end,
        'l.table_name = ' || quote_literal(of_table),
        'l.action = ' || quote_literal(with_action),
        'l.request_id = ' || quote_literal(of_request)
    );
    select a.*
    into told
    from authz_private.ask_cells(
        format(
            'select jsonb_agg(to_jsonb(w) order by w.logged_at desc, w.id desc, w.cell) from ('
            'select l.* from (%%1$s) as l order by l.logged_at desc, l.id desc, l.cell limit %s'
            ') as w',
            max_rows
        ),
        array[
            format(
                '(select %%2$L::text as cell, l.* from %%1$s_log as l where %s '
                'order by l.logged_at desc, l.id desc limit %s)',
                -- It becomes part of a format.
                replace(filters, '%', '%%'), max_rows
            )
        ]
    ) as a;
    return query
    select
        w.cell,
        w.problem,
        w.id,
        w.logged_at,
        w.xid,
        w.actor_id,
        w.effective_user_id,
        w.session_user_name,
        w.client_addr,
        w.user_agent,
        w.request_id,
        w.reason,
        w.table_name,
        w.row_key,
        w.action,
        w.old_values,
        w.new_values,
        w.changed_columns,
        w.tenant_id
    from jsonb_to_recordset(
        (
            -- The log of a tenant that is being moved is in the cells where it was written.
            select coalesce(jsonb_agg(m.problem), '[]')
            from jsonb_array_elements(told.missing) as m (problem)
            where not m.problem ? 'tenant'
        ) || coalesce(told.answer, '[]')
    ) as w (
        cell text, problem text, id bigint, logged_at timestamptz, xid text,
        actor_id bigint, effective_user_id bigint, session_user_name text, client_addr inet,
        user_agent text, request_id text, reason text, table_name text, row_key jsonb,
        action text, old_values jsonb, new_values jsonb, changed_columns text [], tenant_id int
    );
end
$$;

comment on function platform.search_log(
    timestamptz, timestamptz, int, bigint, text, text, text, int
) is
    'Rows of the audit logs of all cells, the newest first, at most max_rows (1 to 10000). since '
    'is included, until is not; by_user: as actor or as effective user; of_tenant: id of the '
    'tenant, also in cells that it has left. First a row for each cell that does not answer, with '
    'the problem and nothing else, beside max_rows. 22023 for an invalid argument; 08006 names a '
    'cell that was lost while it was read; 55000 if this is not the platform or no cells are '
    'connected.';
revoke all on function platform.search_log(
    timestamptz, timestamptz, int, bigint, text, text, text, int
) from public;
grant execute on function platform.search_log(
    timestamptz, timestamptz, int, bigint, text, text, text, int
) to fundwarden_auditor;
