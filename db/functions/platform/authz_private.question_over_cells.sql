-- Written apart, so that its plan can be looked at.

create or replace function authz_private.question_over_cells(
    question text, branches text [], cells jsonb
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        question_over_cells.question,
        variadic array(
            select string_agg(
                format(
                    b.branch,
                    authz_private.cell_relations((c.told ->> 'number')::int),
                    c.told ->> 'name',
                    translate((c.told ->> 'skipped'), '[]', '{}')
                ),
                ' union all '::text order by (c.told ->> 'number')::int
            )
            from unnest(question_over_cells.branches) with ordinality as b (branch, place)
            cross join jsonb_array_elements(question_over_cells.cells) as c (told)
            group by b.place
            order by b.place
        )
    );
end;

comment on function authz_private.question_over_cells(text, text [], jsonb) is
    'The text of a question: %1$s in it stands for the first branch in all cells, joined by union '
    'all. In a branch %1$s is how the names of relations begin, %2$L the name of the cell, and '
    '%3$L the tenants to skip.';
revoke all on function authz_private.question_over_cells(text, text [], jsonb) from public;
