-- The rows of a dataset that a user may read, as text. In joined storage rows of several owners are
-- a union of one query for each owner, because each can then use the index on its first column.

create or replace function authz_private.dataset_matches(
    dataset text,
    user_id bigint,
    action text,
    columns text,
    condition text,
    first_parameter int,
    out query text,
    out tenant_id int,
    out unit_ids int []
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
declare
    wanted authz.datasets;
    scope record;
    tenant text;
    reached int [];
    people text;
    mine text;
    of_owner record;
    branches text [] := '{}';
begin
    select d.* into wanted from authz.datasets as d where d.name = dataset_matches.dataset;
    select s.*
    into scope
    from authz_private.scope_of(dataset_matches.user_id, wanted.resource, dataset_matches.action) as s;
    tenant_id := scope.tenant_id;
    unit_ids := scope.unit_ids;
    tenant := coalesce('d.' || quote_ident(wanted.tenant_column), wanted.tenant_id || '::int');
    reached := authz_private.tenants_reached(
        scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
    );
    if reached <> '{}' then
        branches := array[format('%s = any(%L::int [])', tenant, reached)];
    end if;
    if wanted.storage = 'stored' and (scope.unit_ids <> '{}' or scope.own_rows) then
        perform authz_private.check_stored_units(wanted.name);
        mine := format('%L::text []', authz_private.references_of(dataset_matches.user_id));
        branches := array[
            concat_ws(
                ' or ',
                branches[1],
                authz_private.stored_owners(
                    wanted.name, 'd.', '$' || first_parameter + 1,
                    case when scope.own_rows then mine end, case when scope.own_denied then mine end
                )
            )
        ];
    elsif not scope.every_tenant and not scope.whole_tenant
        and (scope.unit_ids <> '{}' or scope.own_rows)
    then
        people := authz_private.people_in_scope(
            scope.own_rows, scope.own_denied, first_parameter
        );
        for of_owner in
            select k.*
            from generate_series(1, jsonb_array_length(wanted.owners)) as n (owner)
            cross join authz_private.owner_keys(
                wanted.table_name, wanted.owners, n.owner, people
            ) as k
            order by n.owner
        loop
            branches := branches || format(
                '%s = $%s and d.%I in (%s)',
                tenant, first_parameter, of_owner.first_column, of_owner.keys
            );
        end loop;
    end if;
    if branches = '{}' then
        branches := array['false'];
    end if;
    query := (
        select string_agg(
            format(
                'select %s from %s as d where (%s)%s',
                columns, wanted.table_name, b.branch, ' and (' || condition || ')'
            ),
            ' union '
            order by b.place
        )
        from unnest(branches) with ordinality as b (branch, place)
    );
end
$$;

comment on function authz_private.dataset_matches(text, bigint, text, text, text, int) is
    'A query for the columns of those rows of a dataset (as d) for which the user may do '
    'resource:action and the condition holds, each once if columns hold the primary key. Its '
    'parameters, from the first one on, are tenant_id, unit_ids and the id of the user.';
revoke all on function authz_private.dataset_matches(text, bigint, text, text, text, int)
from public;
