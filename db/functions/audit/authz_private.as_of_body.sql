-- The rules are written once. What the engine's own views and functions say is said again about the
-- tables as they were: printed without schemas, their names mean the tables of the query that this
-- text becomes part of.

create or replace function authz_private.as_of_body(part regprocedure, variadic arguments text [])
returns text
language plpgsql stable security invoker parallel safe
as $$
declare
    title constant text := (select p.proname from pg_proc as p where p.oid = part);
    names constant text [] := (select p.proargnames from pg_proc as p where p.oid = part);
    body text := pg_get_function_sqlbody(part);
begin
    body := authz_private.as_of_body(
        regexp_replace(body, '^\s*BEGIN ATOMIC\s+(.*);\s*END\s*$', '\1')
    );
    -- After that: what stands for a parameter may hold parentheses of its own.
    for i in 1 .. cardinality(arguments) loop
        body := replace(body, title || '.' || names[i], arguments[i]);
    end loop;
    return '(' || body || ')';
end
$$;

create or replace function authz_private.as_of_body(body text)
returns text
language plpgsql stable security invoker parallel safe
as $$
declare
    inner_part record;
    call text [];
begin
    -- The instant asked about is the fifth parameter of the query.
    body := regexp_replace(body, '\mclock\(\)', '$5', 'g');
    for inner_part in
        select
            p.oid::regprocedure as part,
            p.proname as title
        from authz_private.as_of_parts() as p
        where p.is_function
    loop
        for call in
            select distinct m from regexp_matches(
                body, format('\m%s\(([^()]*)\)', inner_part.title), 'g'
            ) as m
        loop
            body := replace(
                body,
                format('%s(%s)', inner_part.title, call[1]),
                authz_private.as_of_body(
                    inner_part.part, variadic string_to_array(call[1], ', ')
                )
            );
        end loop;
        -- Left alone it would read what is, not what was.
        if body ~ format('\m%s\(', inner_part.title) then
            raise exception 'a call of % is not written out', inner_part.title
                using errcode = '0A000', hint = 'This is a bug of fundwarden; report it.';
        end if;
    end loop;
    return rtrim(body, '; ');
end
$$;

comment on function authz_private.as_of_body(regprocedure, text []) is
    'Body of a function of ours as a subquery, with these arguments.';
comment on function authz_private.as_of_body(text) is
    'A query of ours with the functions it calls written out.';
revoke all on function authz_private.as_of_body(regprocedure, text []) from public;
revoke all on function authz_private.as_of_body(text) from public;
