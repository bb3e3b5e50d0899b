-- Inlined into its callers.

create or replace function authz_private.requested_total(
    totals text, total bigint, page_offset bigint, page_size int, found_rows int
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case requested_total.totals
        when 'exact' then requested_total.total
        when 'estimate' then
            case
                when requested_total.found_rows < requested_total.page_size
                    and requested_total.found_rows > 0
                    then requested_total.page_offset + requested_total.found_rows
                else greatest(
                    requested_total.total,
                    requested_total.page_offset + requested_total.found_rows
                )
            end
    end;
end;

comment on function authz_private.requested_total(text, bigint, bigint, int, int) is
    'What a page says of the total: nothing where none was asked for; an estimate no less than the '
    'rows up to the end of the page, and exact on the last page.';
revoke all on function authz_private.requested_total(text, bigint, bigint, int, int) from public;
