-- A new unit holds nobody and nothing, so whoever reaches its parent gains nothing yet.

create or replace function authz.create_unit(
    parent_id int,
    code text,
    name text default '',
    kind text default 'unit',
    metadata jsonb default '{}',
    external_id text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    parent authz.org_units;
    new_id int;
    broken text;
begin
    me := authz_private.begin_administration(
        (
            select n.tenant_id
            from authz.org_units as n
            where n.id = create_unit.parent_id
        ),
        'parent_id'
    );
    parent := authz_private.administered_unit(
        me, 'units', 'create', create_unit.parent_id, false, 'parent_id'
    );
    if jsonb_typeof(metadata) <> 'object' then
        raise exception 'metadata must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for none.';
    end if;
    perform authz_private.check_words('external_id', create_unit.external_id, 200);
    begin
        insert into authz.org_units as n (parent_id, code, name, kind, metadata, external_id)
        values (
            parent.id, create_unit.code, coalesce(create_unit.name, ''),
            coalesce(create_unit.kind, 'unit'), coalesce(create_unit.metadata, '{}'),
            create_unit.external_id
        )
        returning n.id into new_id;
    exception
        when unique_violation then
            get stacked diagnostics broken = constraint_name;
            if broken = 'unit_codes_differ_within_a_tenant' then
                raise exception 'external_id: already taken in this organisation'
                    using errcode = '23505', hint = 'Choose another.';
            end if;
            raise exception 'code: already taken below the parent'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_unit(int, text, text, text, jsonb, text) is
    'Creates a unit below parent_id. Requires units:create there. 28000 if nobody is signed in; '
    '42501 if that is not allowed or the object does not exist; 22023 if metadata is not an '
    'object or external_id is blank; 23505 if the code is taken below the parent, or the '
    'external_id in the tenant; 23514 for an invalid code or kind.';
revoke all on function authz.create_unit(int, text, text, text, jsonb, text) from public;
grant execute on function authz.create_unit(int, text, text, text, jsonb, text) to fundwarden_app;
