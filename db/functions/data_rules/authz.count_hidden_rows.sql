-- In the policies and views made of data permissions while the switch is at log: reached only where
-- the rule would have hidden. Dear, so that the rules of the tree are asked first.

create or replace function authz.count_hidden_rows(rule_id bigint, dataset text)
returns boolean
language plpgsql volatile security definer parallel unsafe
cost 1000000
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if exists (select from authz.settings as s where s.data_permissions = 'log')
        and (
            count_hidden_rows.rule_id = 0
            and exists (select from authz.datasets as d where d.name = count_hidden_rows.dataset)
            or exists (
                select
                from authz.row_permissions as r
                where r.id = count_hidden_rows.rule_id and r.dataset = count_hidden_rows.dataset
            )
            or exists (
                select
                from authz.column_permissions as r
                where r.id = count_hidden_rows.rule_id and r.dataset = count_hidden_rows.dataset
            )
        )
    then
        perform authz_private.count_hidden_rows(
            count_hidden_rows.rule_id, count_hidden_rows.dataset, authz.current_user_id(), 1
        );
    end if;
    return true;
end
$$;

comment on function authz.count_hidden_rows(bigint, text) is
    'Counts one row that a rule would have hidden from the user who is signed in, where '
    'authz.settings.data_permissions is log; always true. 0 stands for the permits of the '
    'dataset.';
revoke all on function authz.count_hidden_rows(bigint, text) from public;
grant execute on function authz.count_hidden_rows(bigint, text) to fundwarden_app;
