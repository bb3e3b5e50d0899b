-- Branches are joined over the cells that answer, and make one statement: PostgreSQL reads the
-- foreign tables of a union at once. A cell that is lost meanwhile is named by an error.

create or replace function authz_private.ask_cells(
    question text,
    branches text [],
    out answer jsonb,
    out cells jsonb,
    out missing jsonb
)
returns record
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    problem text;
begin
    select r.* into cells, missing from authz_private.reach_cells() as r;
    select a.answer, a.problem
    into answer, problem
    from authz_private.answer_of_cells(
        authz_private.question_over_cells(question, branches, cells)
    ) as a;
    if problem is not null then
        -- Names the cell.
        perform authz_private.reach_cells(one_by_one => true);
        raise exception 'a cell was lost while this transaction read it: %', problem
            using errcode = '08006', hint = 'Roll back and ask again.';
    end if;
end
$$;

comment on function authz_private.ask_cells(text, text []) is
    'The value of a question over the cells that answer, as authz_private.question_over_cells() '
    'writes it; cells and missing as of authz_private.reach_cells(). 08006 names a '
    'cell that was lost meanwhile.';
revoke all on function authz_private.ask_cells(text, text []) from public;
