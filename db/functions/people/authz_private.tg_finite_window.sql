-- Many drivers cannot represent infinity, and null says the same.

create or replace function authz_private.tg_finite_window()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if new.valid_from = 'infinity' or new.valid_until = '-infinity' then
        raise exception '% is %: such a window is never open',
            case when new.valid_from = 'infinity' then 'valid_from' else 'valid_until' end,
            case when new.valid_from = 'infinity' then new.valid_from else new.valid_until end
            using errcode = '22023', hint = 'Pass a time, or null for no bound.';
    end if;
    new.valid_from := nullif(new.valid_from, '-infinity');
    new.valid_until := nullif(new.valid_until, 'infinity');
    return new;
end
$$;

comment on function authz_private.tg_finite_window() is
    'Trigger: a bound of a window at infinity becomes null, no bound. 22023 a window that is never '
    'open.';
revoke all on function authz_private.tg_finite_window() from public;
