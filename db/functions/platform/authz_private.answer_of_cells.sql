-- Sorting is dear here, so that every cell sorts its own rows and sends no more than it was asked
-- for.
--
-- Only the loss of a cell is caught: class 08, a server that ends (57P01 to 57P05), and a session
-- that the cell ended (25P03, 25P04). All else, as a statement that is cancelled, is the caller's.

create or replace function authz_private.answer_of_cells(
    query text, out answer jsonb, out problem text, out is_unreachable boolean
)
returns record
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set enable_sort = off
set jit = off
as $$
declare
    detail text;
begin
    is_unreachable := false;
    execute answer_of_cells.query into answer;
exception
    when connection_exception
        or sqlstate '57P01' or sqlstate '57P02' or sqlstate '57P03' or sqlstate '57P04'
        or sqlstate '57P05' or sqlstate '25P03' or sqlstate '25P04'
    then
        get stacked diagnostics problem = message_text, detail = pg_exception_detail;
        answer := null;
        problem := format('%s (%s)', concat_ws(': ', problem, nullif(detail, '')), sqlstate);
        is_unreachable := sqlstate = '08001';
end
$$;

comment on function authz_private.answer_of_cells(text) is
    'The one value of a query over foreign tables, or the reason why a cell did not answer; '
    'is_unreachable: no connection could be made, where others were lost. Every other error is '
    'raised.';
revoke all on function authz_private.answer_of_cells(text) from public;
