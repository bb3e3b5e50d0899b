-- The population as it was frozen. Whom the reviewer may not ask about is told without a name.

create or replace function authz.review_items(review_id bigint)
returns table (
    item_id bigint,
    kind text,
    source_id bigint,
    user_id bigint,
    username text,
    unit_path text,
    title text,
    found jsonb,
    decision text,
    note text,
    decided_by bigint,
    decided_at timestamptz,
    outcome text,
    outcome_detail text
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    me bigint;
    sees_all boolean := authz_private.may_see_every_review();
    visible_units int [];
    review authz.access_reviews;
begin
    select r.* into review from authz.access_reviews as r where r.id = review_items.review_id;
    if not sees_all then
        me := authz_private.signed_in_user();
        if review.id is null
            or me not in (review.reviewer_id, review.opened_by)
            and (
                review.tenant_id <> (select u.tenant_id from authz.users as u where u.id = me)
                or not authz_private.may_act(me, 'permissions', 'read', review.unit_id, true)
            )
        then
            perform authz_private.refuse_administration('review_id');
        end if;
        select r.unit_ids into visible_units
        from authz_private.reached_units(me, 'permissions', 'read') as r;
    elsif review.id is null then
        raise exception 'review_id % does not exist', coalesce(review_items.review_id::text, 'null')
            using errcode = '22023', hint = 'Pass the id of a row in authz.access_reviews.';
    end if;
    return query
    select
        i.id,
        i.kind,
        i.source_id,
        case when v.is_visible then i.user_id end,
        case when v.is_visible then i.found ->> 'username' end,
        case when v.is_visible then i.found ->> 'unit_path' end,
        i.found ->> 'title',
        case
            when v.is_visible and w.is_visible then i.found
            when v.is_visible then i.found - 'granted_by'
            else i.found - array[
                'user_id', 'username', 'grant_unit_id', 'unit_path', 'granted_by', 'reason',
                'last_sign_in'
            ]
        end,
        i.decision,
        i.note,
        i.decided_by,
        i.decided_at,
        i.outcome,
        i.outcome_detail
    from authz.access_review_items as i
    left join authz.users as u on i.user_id = u.id
    left join authz.users as g on g.id = (i.found ->> 'granted_by')::bigint
    cross join lateral (
        select
            sees_all
            or i.user_id is null
            or authz_private.may_ask_about(me, visible_units, u.id, u.base_unit_id)
            as is_visible
    ) as v
    cross join lateral (
        select
            sees_all or authz_private.may_ask_about(me, visible_units, g.id, g.base_unit_id)
            as is_visible
    ) as w
    where i.review_id = review.id
    order by i.id;
end
$$;

comment on function authz.review_items(bigint) is
    'The items of a review as they were when it was opened, with decisions and outcomes: for its '
    'reviewer, its opener and whoever holds permissions:read throughout its unit. 28000, 42501; '
    '22023 absent, to those who may see every review.';
revoke all on function authz.review_items(bigint) from public;
grant execute on function authz.review_items(bigint)
to fundwarden_app, fundwarden_operator, fundwarden_auditor;
