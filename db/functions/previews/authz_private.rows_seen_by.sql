-- Counted as the user would count them, by whatever rules hold for the rows. The identity is
-- undone.

create or replace function authz_private.rows_seen_by(user_id bigint, resource text)
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset text;
    counted bigint;
    total bigint;
begin
    if not exists (
        select from authz_private.active_users as u where u.id = rows_seen_by.user_id
    )
    then
        return 0;
    end if;
    begin
        perform authz_private.set_identity(rows_seen_by.user_id, rows_seen_by.user_id);
        if resource = 'funds' then
            total := finance.count_authorized_funds();
        end if;
        for dataset in
            select d.name
            from authz.datasets as d
            where d.resource = rows_seen_by.resource and d.owners is not null
            order by d.name
        loop
            execute format('select paged.%I()', dataset || '_count') into counted;
            total := coalesce(total, 0) + counted;
        end loop;
        raise exception using errcode = 'FWUND';
    exception
        when sqlstate 'FWUND' then
            return total;
    end;
end
$$;

comment on function authz_private.rows_seen_by(bigint, text) is
    'How many funds, or rows of datasets of the resource, the user may read; null: the resource is '
    'not funds, and no dataset with owners is of it.';
revoke all on function authz_private.rows_seen_by(bigint, text) from public;
