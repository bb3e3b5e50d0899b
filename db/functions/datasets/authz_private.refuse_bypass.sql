-- Policies are those of the table a statement names, and rights on a column are the sum of all
-- that were granted: what the application may read past a dataset makes its rules worth nothing.

create or replace function authz_private.refuse_bypass(dataset text)
returns void
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    target regclass;
    open_to text;
begin
    select d.table_name
    into target
    from authz.datasets as d
    cross join authz.settings as s
    where d.name = refuse_bypass.dataset and s.data_permissions = 'on';
    if not found then
        return;
    end if;
    with recursive below (id) as (
        select i.inhrelid
        from pg_inherits as i
        where i.inhparent = target
        union
        select i.inhrelid
        from below as b
        inner join pg_inherits as i on b.id = i.inhparent
    )

    select b.id::regclass::text
    into open_to
    from below as b
    where has_any_column_privilege('fundwarden_app', b.id, 'SELECT')
    order by b.id
    limit 1;
    if found then
        raise exception 'table_name: the application may read % past the rules of %',
            open_to, target
            using errcode = '42501', hint = 'Revoke SELECT on partitions and descendants.';
    end if;
    select h.name
    into open_to
    from unnest(authz_private.hidden_columns(refuse_bypass.dataset)) as h (name)
    where has_column_privilege('fundwarden_app', target, h.name, 'SELECT')
    order by h.name
    limit 1;
    if found then
        raise exception 'column_name: the application may read % of % by a grant of its own',
            quote_literal(open_to), target
            using
                errcode = '42501',
                hint = 'Revoke SELECT on the column from fundwarden_app, PUBLIC and roles that '
                    'fundwarden_app is a member of.';
    end if;
end
$$;

comment on function authz_private.refuse_bypass(text) is
    'Refuses, 42501, a dataset of which the application may read partitions, descendants, or a '
    'masked column in the table.';
revoke all on function authz_private.refuse_bypass(text) from public;
