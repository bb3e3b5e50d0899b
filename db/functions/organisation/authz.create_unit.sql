-- A new unit holds nobody and nothing, so whoever reaches its parent gains nothing yet.

create or replace function authz.create_unit(
    parent_id int,
    code text,
    name text default '',
    kind text default 'unit',
    metadata jsonb default '{}'
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    parent authz.org_units;
    new_id int;
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
    begin
        insert into authz.org_units as n (parent_id, code, name, kind, metadata)
        values (
            parent.id, create_unit.code, coalesce(create_unit.name, ''),
            coalesce(create_unit.kind, 'unit'), coalesce(create_unit.metadata, '{}')
        )
        returning n.id into new_id;
    exception
        when unique_violation then
            raise exception 'code: already taken below the parent'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_unit(int, text, text, text, jsonb) is
    'Creates a unit below parent_id. Requires units:create there. 28000 if nobody is signed in; '
    '42501 if that is not allowed or the object does not exist; 22023 if metadata is not an '
    'object; 23505 if the code is taken below the parent; 23514 for an invalid code or kind.';
revoke all on function authz.create_unit(int, text, text, text, jsonb) from public;
grant execute on function authz.create_unit(int, text, text, text, jsonb) to fundwarden_app;
