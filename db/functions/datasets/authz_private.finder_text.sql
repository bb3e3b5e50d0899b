-- For the compiler of pages. Parts that differ from call to call are joined to the text when it
-- runs, never replaced in it: a value in a filter may read like a token.

create or replace function authz_private.finder_text(text text, owned_count int)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    filled text := finder_text.text;
    opening text;
begin
    if owned_count is null then
        filled := regexp_replace(filled, '[{](owned_[0-9]+)[}]', '\1', 'g');
        filled := replace(filled, '{units}', 'scope.unit_ids');
        filled := replace(filled, '{tenant_id}', 'scope.tenant_id');
        return replace(filled, '{line}', e'\n                    ');
    end if;
    filled := replace(filled, '{tenant_id}', '$1');
    filled := replace(filled, '{units}', '$2');
    for n in 1 .. owned_count loop
        filled := replace(filled, format('{owned_%s}', n), '$' || n + 2);
    end loop;
    filled := replace(filled, '{sample}', '$' || owned_count + 3);
    filled := quote_literal(replace(filled, '{line}', e'\n            '));
    -- With a backslash in a name the text is quoted in the other way.
    opening := case when filled like 'E%' then 'E''' else '''' end;
    filled := replace(filled, '{sort}', ''' || sort_key || ' || opening);
    return replace(filled, '{filters}', ''' || filters || ' || opening);
end
$$;

comment on function authz_private.finder_text(text, int) is
    'SQL of a compiled page with its tokens filled: for a statement of PL/pgSQL if owned_count is '
    'null, else as an expression of text for EXECUTE with that many arrays of owned rows.';
revoke all on function authz_private.finder_text(text, int) from public;
