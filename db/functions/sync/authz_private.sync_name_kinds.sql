-- The registry keeps the spelling that it met first.

create or replace function authz_private.sync_name_kinds()
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    insert into authz.unit_kinds as k (kind, name)
    select distinct on (s.kind)
        s.kind,
        s.spelling
    from (
        select
            authz_private.sync_kind(w.after ->> 'kind') as kind,
            w.after ->> 'kind' as spelling,
            w.number
        from pg_temp.sync_work as w
        where w.kind = 'unit' and w.after ? 'kind'
    ) as s
    where s.kind <> s.spelling
    order by s.kind, s.number
    on conflict (kind) do update
    set name = excluded.name
    where k.name = '';
end
$$;

comment on function authz_private.sync_name_kinds() is
    'Registers the kinds of the plan as the company writes them.';
revoke all on function authz_private.sync_name_kinds() from public;
