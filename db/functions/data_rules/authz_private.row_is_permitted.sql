-- For those who write by function: one row, as it is or as it is about to be.

create or replace function authz_private.row_is_permitted(user_id bigint, touched anyelement)
returns boolean
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    predicate text;
    answer boolean := true;
begin
    select authz_private.row_predicate(row_is_permitted.user_id, t.typrelid)
    into predicate
    from pg_type as t
    where t.oid = pg_typeof(touched);
    if predicate is not null then
        execute format('select (%s) is true from (select ($1).*) as d', predicate)
        into answer
        using touched;
    end if;
    return answer;
end
$$;

comment on function authz_private.row_is_permitted(bigint, anyelement) is
    'Whether row permissions let the user see this row of a table.';
revoke all on function authz_private.row_is_permitted(bigint, anyelement) from public;
