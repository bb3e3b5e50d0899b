-- The arguments that every page has.

create or replace function authz_private.check_page(
    page int, page_size int, sort_order text, total text
)
returns void
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if page is null or page < 1 then
        raise exception 'page % is not a page', coalesce(page::text, 'null')
            using errcode = '22023', hint = 'Pages count from 1.';
    end if;
    if page_size is null or page_size not between 1 and 10000 then
        raise exception 'page_size % is out of range', coalesce(page_size::text, 'null')
            using errcode = '22023', hint = 'Pass 1 to 10000 rows a page.';
    end if;
    if sort_order is null or upper(sort_order) not in ('ASC', 'DESC') then
        raise exception 'sort_order % is not an order',
            coalesce(quote_literal(left(sort_order, 100)), 'null')
            using errcode = '22023', hint = 'Pass ASC or DESC.';
    end if;
    if total is null or total not in ('exact', 'none', 'estimate') then
        raise exception 'total % is not a way to count', coalesce(quote_literal(left(total, 100)), 'null')
            using errcode = '22023', hint = 'Pass exact, estimate or none.';
    end if;
end
$$;

comment on function authz_private.check_page(int, int, text, text) is
    'Refuses with 22023 what no page can have, and names the argument.';
revoke all on function authz_private.check_page(int, int, text, text) from public;
