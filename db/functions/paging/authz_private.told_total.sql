-- Inlined into its callers.

create or replace function authz_private.told_total(
    totals text, total bigint, page_offset bigint, page_size int, found_rows int
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case told_total.totals
        when 'exact' then told_total.total
        when 'estimate' then
            case
                when told_total.found_rows < told_total.page_size and told_total.found_rows > 0
                    then told_total.page_offset + told_total.found_rows
                else greatest(told_total.total, told_total.page_offset + told_total.found_rows)
            end
    end;
end;

comment on function authz_private.told_total(text, bigint, bigint, int, int) is
    'What a page says of the total: nothing where none was asked for; an estimate no less than the '
    'rows up to the end of the page, and exact on the last page.';
revoke all on function authz_private.told_total(text, bigint, bigint, int, int) from public;
