-- Nothing is written when a review is overdue: it is said here.

create or replace function authz.list_reviews(only_open boolean default true)
returns table (
    review_id bigint,
    unit_id int,
    reviewer_id bigint,
    opened_by bigint,
    opened_at timestamptz,
    due timestamptz,
    undecided text,
    status text,
    items bigint,
    decided bigint,
    closed_by bigint,
    closed_at timestamptz
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    me bigint;
begin
    if not authz_private.may_see_every_review() then
        me := authz_private.signed_in_user();
    end if;
    return query
    select
        r.id,
        r.unit_id,
        r.reviewer_id,
        r.opened_by,
        r.opened_at,
        r.due,
        r.undecided,
        case
            when r.closed_at is not null then 'closed'
            when r.due <= authz.clock() then 'overdue'
            else 'open'
        end,
        i.items,
        i.decided,
        r.closed_by,
        r.closed_at
    from authz.access_reviews as r
    cross join lateral (
        select
            count(*) as items,
            count(i.decision) as decided
        from authz.access_review_items as i
        where i.review_id = r.id
    ) as i
    where (only_open is false or r.closed_at is null)
        and (
            me is null
            or me in (r.reviewer_id, r.opened_by)
            or r.tenant_id = (select u.tenant_id from authz.users as u where u.id = me)
            and authz_private.may_act(me, 'permissions', 'read', r.unit_id, true)
        )
    order by r.id desc;
end
$$;

comment on function authz.list_reviews(boolean) is
    'Reviews, the newest first: those of the caller as reviewer or opener, and those of units '
    'where the caller holds permissions:read throughout; all of them to the owner, and to trusted, '
    'operator and auditor while nobody is signed in. status: open, overdue or closed. 28000 if '
    'nobody is signed in.';
revoke all on function authz.list_reviews(boolean) from public;
grant execute on function authz.list_reviews(boolean)
to fundwarden_app, fundwarden_operator, fundwarden_auditor;
