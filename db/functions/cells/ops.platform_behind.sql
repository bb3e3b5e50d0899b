-- Kinds and permissions of this cell alone do not count, nor does what was deactivated because
-- somebody here still holds it.

create or replace function ops.platform_behind(platform jsonb)
returns bigint
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held jsonb := ops.platform_rows() -> 'rows';
    shared record;
    counted bigint;
    behind bigint := 0;
begin
    for shared in
        select
            p.title,
            p.is_only_added,
            case p.title
                when 'authz.unit_kinds' then array['description', 'name']
                when 'authz.permissions' then array['id']
                else '{}'
            end as aside
        from authz_private.platform_tables() as p
    loop
        with wanted_rows as (
            select w.j - shared.aside as j
            from jsonb_array_elements(platform -> 'rows' -> shared.title) as w (j)
        ),

        held_rows as (
            select h.j - shared.aside as j
            from jsonb_array_elements(held -> shared.title) as h (j)
        )

        select
            (
                select count(*)
                from (select w.j from wanted_rows as w except select h.j from held_rows as h) as m
            ) + (
                select count(*)
                from held_rows as h
                where not shared.is_only_added
                    and h.j -> 'is_active' is distinct from 'false'
                    and not exists (
                        select
                        from wanted_rows as w
                        where w.j = h.j
                            or w.j -> 'id' = h.j -> 'id'
                    )
            )
        into counted;
        behind := behind + counted;
    end loop;
    return behind;
end
$$;

comment on function ops.platform_behind(jsonb) is
    'How many rows ops.take_platform_rows() would change here, given an answer of '
    'ops.platform_rows() of the platform.';
revoke all on function ops.platform_behind(jsonb) from public;
