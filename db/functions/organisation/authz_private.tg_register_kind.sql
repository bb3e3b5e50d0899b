-- Kinds are free text; the registry lists those in use, for people and for menus.

create or replace function authz_private.tg_register_kind()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if new.kind !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise exception 'kind % of unit % is not a plain word', quote_literal(left(new.kind, 60)),
            new.id
            using errcode = '23514', hint = 'Use a to z, 0 to 9 and _, at most 50 characters.';
    end if;
    if not exists (select from authz.unit_kinds as k where k.kind = new.kind) then
        insert into authz.unit_kinds (kind)
        values (new.kind)
        on conflict do nothing;
    end if;
    return new;
end
$$;

comment on function authz_private.tg_register_kind() is
    'Trigger: a kind not met before enters the registry. 23514 it is no plain word.';
revoke all on function authz_private.tg_register_kind() from public;
