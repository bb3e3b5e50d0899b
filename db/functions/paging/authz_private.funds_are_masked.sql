-- Where no column is masked a page keeps its plan.

create or replace function authz_private.funds_are_masked()
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from authz.datasets as d
        cross join authz.settings as s
        inner join authz.column_permissions as r on d.name = r.dataset
        where d.table_name = 'finance.financial_funds'::regclass
            and r.is_active
            and r.mode <> 'visible'
            and s.data_permissions = 'on'
    );
end;

comment on function authz_private.funds_are_masked() is
    'Whether any column of finance.financial_funds is masked or disabled for anybody.';
revoke all on function authz_private.funds_are_masked() from public;
