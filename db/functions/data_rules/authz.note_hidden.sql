-- In the policies and views made of data permissions while the switch is at log: reached only where
-- the rule would have hidden. Dear, so that the rules of the tree are asked first.

create or replace function authz.note_hidden(rule_id bigint, dataset text)
returns boolean
language plpgsql volatile security definer parallel unsafe
cost 1000000
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if exists (select from authz.settings as s where s.data_permissions = 'log')
        and (
            note_hidden.rule_id = 0
            and exists (select from authz.datasets as d where d.name = note_hidden.dataset)
            or exists (
                select
                from authz.row_permissions as r
                where r.id = note_hidden.rule_id and r.dataset = note_hidden.dataset
            )
            or exists (
                select
                from authz.column_permissions as r
                where r.id = note_hidden.rule_id and r.dataset = note_hidden.dataset
            )
        )
    then
        perform authz_private.note_hidden(
            note_hidden.rule_id, note_hidden.dataset, authz.current_user_id(), 1
        );
    end if;
    return true;
end
$$;

comment on function authz.note_hidden(bigint, text) is
    'Counts one row that a rule would have hidden from the user signed in, where '
    'authz.settings.data_permissions is log; always true. 0 stands for the permits of the dataset.';
revoke all on function authz.note_hidden(bigint, text) from public;
grant execute on function authz.note_hidden(bigint, text) to fundwarden_app;
