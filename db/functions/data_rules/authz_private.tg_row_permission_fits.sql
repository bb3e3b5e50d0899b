-- The predicate is never the writer's.

create or replace function authz_private.tg_row_permission_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    new.tenant_id := authz_private.check_subject(
        new.dimension, new.subject, new.whitelist, new.tenant_id
    );
    if new.filter is null then
        raise exception 'filter is missing'
            using errcode = '22023', hint = 'Pass a condition over columns of the dataset.';
    end if;
    new.predicate := authz_private.check_filter(
        'filter', new.dataset, new.filter, new.dimension, new.subject
    );
    return new;
end
$$;

comment on function authz_private.tg_row_permission_fits() is
    'Trigger: the predicate of a row permission from its filter. 22023 when subject or filter do '
    'not fit, naming the JSON path.';
revoke all on function authz_private.tg_row_permission_fits() from public;
