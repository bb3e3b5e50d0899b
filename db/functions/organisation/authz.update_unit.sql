-- Its place is not among these: authz.move_unit. What is not passed stays.

create or replace function authz.update_unit(
    unit_id int,
    code text default null,
    name text default null,
    kind text default null,
    metadata jsonb default null,
    sort_order int default null,
    external_id text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit authz.org_units;
    broken text;
begin
    me := authz_private.begin_administration(
        (
            select n.tenant_id
            from authz.org_units as n
            where n.id = update_unit.unit_id
        ),
        'unit_id'
    );
    unit := authz_private.administered_unit(
        me, 'units', 'update', update_unit.unit_id, false, 'unit_id'
    );
    perform authz_private.check_kind(me, unit, update_unit.kind);
    if jsonb_typeof(metadata) <> 'object' then
        raise exception 'metadata must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for none.';
    end if;
    perform authz_private.check_words('external_id', update_unit.external_id, 200);
    begin
        update authz.org_units as n
        set code = coalesce(update_unit.code, n.code),
            name = coalesce(update_unit.name, n.name),
            kind = coalesce(update_unit.kind, n.kind),
            metadata = coalesce(update_unit.metadata, n.metadata),
            sort_order = coalesce(update_unit.sort_order, n.sort_order),
            external_id = coalesce(update_unit.external_id, n.external_id),
            updated_at = now()
        where n.id = unit.id;
    exception
        when unique_violation then
            get stacked diagnostics broken = constraint_name;
            if broken = 'unit_codes_differ_within_a_tenant' then
                raise exception 'external_id: already taken in this organisation'
                    using errcode = '23505', hint = 'Choose another.';
            elsif broken = 'tenants_by_code' then
                raise exception 'external_id: cannot be used'
                    using errcode = '23505', hint = 'Choose another.';
            end if;
            raise exception 'code: already taken beside the unit'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(unit.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.update_unit(int, text, text, text, jsonb, int, text) is
    'Changes the given properties. Requires units:update in the unit; a kind that anchors '
    'scopes, for whoever may in the whole tenant. 28000 if nobody is signed in; 42501 if that is '
    'not allowed or the object does not exist; 22023 if metadata is not an object or '
    'external_id is blank; 23505 the code is taken beside it, or the external_id in the tenant, '
    'or, for a root, by another tenant; 23514 for an invalid code or kind.';
revoke all on function authz.update_unit(int, text, text, text, jsonb, int, text) from public;
grant execute on function authz.update_unit(
    int, text, text, text, jsonb, int, text
) to fundwarden_app;
