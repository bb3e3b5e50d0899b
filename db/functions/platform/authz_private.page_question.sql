-- The rows of all cells up to the end of the page hold the page. They are materialized, because a
-- merge of sorted scans would read one cell after the other, and an append reads all at once.

create or replace function authz_private.page_question(
    page int, page_size int, sort_by text, sort_order text
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        'select jsonb_build_object('
        '''total'', (select sum(c.n) from (%%1$s) as c), '
        '''rows'', coalesce(('
        'with d as materialized (%%2$s) select jsonb_agg(to_jsonb(p)) from ('
        'select row_number() over (order by %1$s) as row_number, d.* '
        'from d order by %1$s limit %2$s offset %3$s) as p), ''[]''))'::text,
        authz_private.page_order(page_question.sort_by, page_question.sort_order),
        page_question.page_size,
        (page_question.page - 1)::bigint * page_question.page_size
    );
end;

comment on function authz_private.page_question(int, int, text, text) is
    'Merges the branches of authz_private.page_branches() into one object: total, and the rows of '
    'the page.';
revoke all on function authz_private.page_question(int, int, text, text) from public;
