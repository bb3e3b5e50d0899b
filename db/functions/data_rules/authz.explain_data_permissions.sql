-- Rules of the dataset as they are for one user, those that are not about them with why not.

create or replace function authz.explain_data_permissions(user_id bigint, dataset text)
returns table (
    kind text,
    rule_id bigint,
    mode text,
    column_name name,
    dimension authz.permission_dimension,
    subject text,
    in_force boolean,
    reason text,
    predicate text,
    mask jsonb,
    decisive boolean,
    description text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    subject_id constant bigint := authz_private.user_in_question(
        explain_data_permissions.user_id, 'user_id'
    );
    switch text;
    target regclass;
begin
    select s.data_permissions into switch from authz.settings as s;
    select d.table_name
    into target
    from authz.datasets as d
    where d.name = explain_data_permissions.dataset;
    if not found then
        raise exception 'dataset % is not registered',
            coalesce(quote_literal(left(explain_data_permissions.dataset, 100)), 'null')
            using errcode = '22023', hint = 'See authz.datasets.';
    end if;
    return query
    with rules as (
        select
            'row' as kind, r.id, r.mode, null::name as column_name, r.dimension, r.subject,
            r.tenant_id, r.role_id, r.user_id, r.whitelist, r.valid_from, r.valid_until,
            r.is_active, r.predicate, r.filter, null::jsonb as mask, null::numeric as strictness,
            r.description,
            case r.mode when 'permit' then 'data_permission_permits' else 'data_permission_' || r.id end
            as policy_name
        from authz.row_permissions as r
        where r.dataset = explain_data_permissions.dataset
        union all
        select
            'column', r.id, r.mode, r.column_name, r.dimension, r.subject,
            r.tenant_id, r.role_id, r.user_id, r.whitelist, r.valid_from, r.valid_until,
            r.is_active, r.predicate, r.condition, r.mask, r.strictness, r.description, null
        from authz.column_permissions as r
        where r.dataset = explain_data_permissions.dataset
    ),

    weighed as (
        select
            r.*,
            r.is_active
            and authz_private.rule_applies(
                subject_id,
                (select u.tenant_id from authz.users as u where u.id = subject_id),
                (select authz_private.roles_now(subject_id)), r.role_id, r.user_id, r.tenant_id, r.whitelist, r.valid_from, r.valid_until
            ) as applies
        from rules as r
    )

    select
        w.kind,
        w.id,
        w.mode,
        w.column_name,
        w.dimension,
        w.subject,
        w.applies and switch = 'on',
        case
            when not w.is_active then 'the rule is not active'
            when w.valid_from > authz.clock() then 'its window has not begun'
            when w.valid_until <= authz.clock() then 'its window is over'
            when subject_id = any(w.whitelist) then 'the user is on its whitelist'
            when not w.applies and w.dimension = 'role' then 'the user does not hold the role'
            when not w.applies and w.dimension = 'user' then 'it is about another user'
            when not w.applies then 'it is about another tenant'
            when switch <> 'on' then 'data permissions are switched to ' || switch
            when w.dimension = 'role' then 'the user holds the role'
            when w.dimension = 'user' then 'it is about the user'
            else 'it is about everybody'
        end,
        case
            when p.oid is not null then pg_get_expr(p.polqual, p.polrelid)
            else authz_private.bound_predicate(w.predicate, w.filter, null)
        end,
        w.mask,
        case
            when w.kind = 'row' or not w.applies or switch <> 'on' then w.applies and switch = 'on'
            -- With a condition it depends on the row.
            else w.mode <> 'visible' and not exists (
                select
                from weighed as s
                where s.column_name = w.column_name and s.applies and s.predicate is null
                    and (s.strictness, -s.id) > (w.strictness, -w.id)
            )
        end,
        w.description
    from weighed as w
    left join pg_policy as p on p.polrelid = target and p.polname = w.policy_name
    -- Who asks about themselves is not told of other people's rules.
    where w.applies or authz_private.may_ask_about_anyone()
    order by w.kind desc, w.column_name, w.strictness desc, w.id;
end
$$;

comment on function authz.explain_data_permissions(bigint, text) is
    'Row and column permissions of a dataset as they are for a user: in force or why not, the '
    'predicate as PostgreSQL has it (of permits, that of the one policy they share), the mask, '
    'and whether the rule decides what is seen. The application is told of rules about the user '
    'alone. A null user_id means the user who is signed in. 22023 if there is no such user or '
    'dataset; 28000 if nobody is signed in; 42501 if the caller may not ask about that user.';
revoke all on function authz.explain_data_permissions(bigint, text) from public;
grant execute on function authz.explain_data_permissions(bigint, text)
to fundwarden_app, fundwarden_operator;
