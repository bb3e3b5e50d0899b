-- A kind as the company writes it, as a word of the registry of kinds.

create or replace function authz_private.sync_kind(spelling text)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select left(
        case
            when label ~ '^[a-z]' then label
            else 'kind_' || label
        end,
        50
    )
    from authz_private.sync_label(btrim(sync_kind.spelling)) as label
    where sync_kind.spelling ~ '\S';
end;

comment on function authz_private.sync_kind(text) is
    'The kind that a spelling means, as in it_staff for IT Staff; null for a blank one.';
revoke all on function authz_private.sync_kind(text) from public;
