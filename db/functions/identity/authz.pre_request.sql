-- What PostgREST calls first in the transaction of a request (db-pre-request). It puts the headers
-- into a setting, with their names in lower case.

create or replace function authz.pre_request()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    presented text;
begin
    -- After a transaction-local setting has ended it reads as '', not as null.
    begin
        presented := nullif(current_setting('request.headers', true), '')::json
            ->> 'authorization';
    exception
        when data_exception or statement_too_complex
        then
            presented := '';
    end;
    if presented is not null then
        perform authz.sign_in(substring(presented from '^[Bb][Ee][Aa][Rr][Ee][Rr] +(.*)$'));
    end if;
end
$$;

comment on function authz.pre_request() is
    'Signs in by the bearer token of the HTTP header Authorization, as the function that PostgREST '
    'calls before a request; without the header nobody is signed in. 28000 as of authz.sign_in().';
revoke all on function authz.pre_request() from public;
grant execute on function authz.pre_request() to fundwarden_app, fundwarden_operator;
