-- Only one way to write a date is accepted: others mean one day in one country and another day in
-- the next.

create or replace function authz_private.sync_instant(said text)
returns timestamptz
language plpgsql stable security invoker parallel safe
as $$
begin
    if said is null
        or said !~ '^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?\s?(Z|[+-]\d\d(:?\d\d)?)?)?$'
    then
        return null;
    end if;
    return said::timestamptz;
exception
    when data_exception then
        return null;
end
$$;

comment on function authz_private.sync_instant(text) is
    'The instant that a text in the form 2026-03-31 or 2026-03-31T08:00:00+02:00 means; null for '
    'any other text. Without a zone it is of the session''s time zone.';
revoke all on function authz_private.sync_instant(text) from public;
