-- A community beside the money: seven modules, four actions each, given by rank. The roots decide,
-- lock some, and a few units below decide otherwise.

create or replace function pg_temp.seed_menu()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.resources (path, code, description)
    select
        m.path::ltree,
        m.code,
        m.description
    from (
        values
        ('community', 'community', 'Everything about living together'),
        ('community.events', 'events', 'Events'),
        ('community.members', 'members', 'Members'),
        ('community.finances', 'finances', 'Dues and budgets'),
        ('community.documents', 'documents', 'Documents'),
        ('community.committees', 'committees', 'Committees'),
        ('community.messages', 'messages', 'Messages'),
        ('community.reports', 'reports', 'Reports')
    ) as m (path, code, description)
    where not exists (select from authz.resources as r where r.code = m.code);

    -- Of the rank of admin there is one already.
    insert into authz.roles (code, name, rank)
    select
        n.code,
        n.code,
        n.rank
    from (
        values ('board_member', 80), ('committee_lead', 40), ('volunteer', 5)
    ) as n (code, rank)
    where not exists (
        select from authz.roles as r where r.code = n.code and r.tenant_id is null
    )
    order by n.rank desc;
$$;

create or replace function pg_temp.seed_templates()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.permission_templates (
        id, tenant_id, unit_id, permission_key, min_role_rank, is_enabled, is_locked
    )
    with modules (module, read_rank, write_rank, is_locked) as (
        values
        ('events', 5, 40, false),
        ('members', 5, 80, true),
        ('finances', 40, 100, true),
        ('documents', 5, 40, false),
        ('committees', 5, 80, false),
        ('messages', 5, 5, false),
        ('reports', 40, 80, false)
    ),

    actions (action, adds) as (
        values ('read', false), ('create', true), ('update', true), ('delete', true)
    ),

    -- Those below come first: the last of them is overruled by a lock that is written later.
    wanted as (
        select
            1 as turn,
            t.root_id,
            u.id as unit_id,
            o.key as permission_key,
            o.rank as min_role_rank,
            o.is_enabled,
            o.is_locked
        from seed_tenants as t
        inner join seed_units as u on t.root_id = u.parent_id
        cross join (
            values
            (1, 'events.create', 5, true, false),
            (1, 'documents.delete', 100, true, true),
            (2, 'messages.create', 5, false, false),
            (2, 'reports.read', 40, true, false),
            (2, 'finances.update', 40, true, false)
        ) as o (ordinal, key, rank, is_enabled, is_locked)
        where u.ordinal = o.ordinal
        union all
        select
            2,
            t.root_id,
            t.root_id,
            m.module || '.' || a.action,
            case
                when not a.adds then m.read_rank
                when a.action = 'delete' then greatest(m.write_rank, 80)
                else m.write_rank
            end,
            not (m.module = 'reports' and a.action = 'delete'),
            m.is_locked and a.adds
        from seed_tenants as t
        cross join modules as m
        cross join actions as a
    )

    select
        p.templates + row_number() over (
            order by w.turn, w.root_id, w.unit_id, w.permission_key collate "C"
        ),
        w.root_id,
        w.unit_id,
        w.permission_key,
        w.min_role_rank,
        w.is_enabled,
        w.is_locked
    from wanted as w
    cross join seed_plan as p;
$$;
