-- For the policies made of data permissions, which ask it once a statement in a sub-select.

create or replace function authz.no_permit_applies(dataset text)
returns boolean
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
begin
    return me is not null
        and exists (
            select
            from authz.datasets as d
            where d.name = no_permit_applies.dataset and d.default_rows = 'all'
        )
        and not exists (
            select
            from authz_private.row_rules_for(me, no_permit_applies.dataset) as r
            where r.mode = 'permit'
        );
end
$$;

comment on function authz.no_permit_applies(text) is
    'Whether no permit of the dataset is about the user who is signed in and such users see all '
    'rows; false for nobody.';
revoke all on function authz.no_permit_applies(text) from public;
grant execute on function authz.no_permit_applies(text) to fundwarden_app;
