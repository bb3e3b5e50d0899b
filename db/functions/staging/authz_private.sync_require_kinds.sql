-- A kind goes by its own name or by that of its table.

create or replace function authz_private.sync_require_kinds(only_kinds text [])
returns void
language plpgsql stable security invoker parallel safe
as $$
declare
    wrong text;
begin
    select k.name
    into wrong
    from unnest(only_kinds) as k (name)
    where not exists (
        select from authz_private.sync_tables() as t where k.name in (t.kind, t.table_name)
    )
    limit 1;
    if found then
        raise exception 'only_kinds: % is not a kind',
            coalesce(quote_literal(left(wrong, 60)), 'null')
            using
                errcode = '22023',
                hint = format(
                    'Pass some of %s.',
                    (
                        select string_agg(t.table_name, ', ' order by t.place)
                        from authz_private.sync_tables() as t
                    )
                );
    end if;
end
$$;

comment on function authz_private.sync_require_kinds(text []) is
    'Refuses a list that names anything but kinds of feeds: 22023. Null names all.';
revoke all on function authz_private.sync_require_kinds(text []) from public;
