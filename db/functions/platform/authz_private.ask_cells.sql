-- Branches are joined over the cells that answer, and make one statement: PostgreSQL reads the
-- foreign tables of a union at once. A cell that is lost meanwhile is reached anew, or named.

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
    for turn in 1 .. 3 loop
        select r.* into cells, missing from authz_private.reach_cells() as r;
        select a.*
        into answer, problem
        from authz_private.answer_of_cells(
            authz_private.question_over_cells(question, branches, cells)
        ) as a;
        exit when problem is null;
    end loop;
    if problem is not null then
        raise exception 'cells were lost while they answered: %', problem
            using errcode = '08006', hint = 'Ask again; runner status --all shows their state.';
    end if;
end
$$;

comment on function authz_private.ask_cells(text, text []) is
    'The value of a question over the cells that answer, as authz_private.question_over_cells() '
    'writes it; cells and missing as of authz_private.reach_cells(). 08006 if cells are lost three '
    'times.';
revoke all on function authz_private.ask_cells(text, text []) from public;
