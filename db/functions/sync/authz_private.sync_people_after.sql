-- What a line may refer to: people of the tenant and people of the feed.

create or replace function authz_private.sync_people_after(
    scope authz_private.sync_scope, codes text [] default null
)
returns table (code text, user_id bigint, in_scope boolean)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    if scope.staged ? 'people' then
        return query
        with people as (
            select
                c.external_id,
                c.target_id
            from authz_private.sync_matched_people(scope, null, codes) as c
            where c.external_id ~ '\S'
        )

        select
            p.external_id,
            min(p.target_id),
            true
        from people as p
        group by p.external_id
        union all
        select
            e.code,
            e.user_id,
            e.in_scope
        from authz_private.sync_known_people(scope, codes) as e
        where not exists (select from people as p where p.external_id = e.code)
            and not exists (select from people as p where p.target_id = e.user_id);
    else
        return query
        select
            e.code,
            e.user_id,
            e.in_scope
        from authz_private.sync_known_people(scope, codes) as e;
    end if;
end
$$;

comment on function authz_private.sync_people_after(authz_private.sync_scope, text []) is
    'People, or those with these codes, by their codes after the feed; a null user_id: new.';
revoke all on function authz_private.sync_people_after(authz_private.sync_scope, text [])
from public;
