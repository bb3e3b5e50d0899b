-- For what people write: names and reasons.

create or replace function authz_private.check_words(
    parameter text, value text, longest int, hint text default null
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if value !~ '\S' or length(value) > longest then
        raise exception '% is blank or too long', parameter
            using
                errcode = '22023',
                hint = coalesce(check_words.hint, format('Pass 1 to %s characters.', longest));
    end if;
end
$$;

comment on function authz_private.check_words(text, text, int, text) is
    'Refuses with 22023 a value that is blank or longer than so many characters; null passes.';
revoke all on function authz_private.check_words(text, text, int, text) from public;
