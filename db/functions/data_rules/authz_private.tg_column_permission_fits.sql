-- Predicate and strictness are never the writer's.

create or replace function authz_private.tg_column_permission_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    new.tenant_id := authz_private.check_subject(
        new.dimension, new.subject, new.whitelist, new.tenant_id
    );
    -- A variable need not be in a condition here: one tells for whom, the other for which rows.
    new.predicate := authz_private.check_filter(
        'condition', new.dataset, new.condition, null, new.subject
    );
    if new.mode in ('visible', 'mask', 'disable') and (new.mode = 'mask') = (new.mask is not null) then
        perform authz_private.compile_mask(d.table_name, new.column_name, new.mode, new.mask)
        from authz.datasets as d
        where d.name = new.dataset;
        new.strictness := authz_private.mask_strictness(new.mode, new.mask);
    else
        raise exception 'mode: % %', coalesce(quote_literal(new.mode), 'null'),
            case
                when new.mode = 'mask' then 'needs a mask'
                when new.mode in ('visible', 'disable') then 'takes no mask'
                else 'is not known'
            end
            using errcode = '22023', hint = 'visible, mask with a mask, or disable.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_column_permission_fits() is
    'Trigger: predicate and strictness of a column permission. 22023 when subject, column, mask or '
    'condition do not fit.';
revoke all on function authz_private.tg_column_permission_fits() from public;
