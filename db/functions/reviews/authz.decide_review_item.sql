-- Nobody decides on their own access, nor on access at a unit where they may not see access.

create or replace function authz.decide_review_item(
    item_id bigint, decision text, note text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    item authz.access_review_items;
    review authz.access_reviews;
begin
    select i.* into item
    from authz.access_review_items as i
    where i.id = decide_review_item.item_id;
    -- Whoever closes the review waits, or is waited for.
    select r.* into review
    from authz.access_reviews as r
    where r.id = item.review_id and r.reviewer_id = me
    for share;
    if review.id is null then
        perform authz_private.refuse_administration('item_id');
    end if;
    if decision is null or decision not in ('keep', 'revoke') then
        raise exception 'decision must be keep or revoke, not %', quote_nullable(left(decision, 100))
            using errcode = '22023', hint = 'Leave an item undecided by not deciding it.';
    end if;
    perform authz_private.check_words('note', note, 2000);
    if review.closed_at is not null then
        raise exception 'review % is closed', review.id
            using errcode = '23514', hint = 'Open another review.';
    end if;
    if authz_private.is_self(me, item.user_id) then
        raise exception 'item_id: nobody decides on their own access'
            using errcode = '42501', hint = 'Leave it to whoever opened the review.';
    end if;
    if not authz_private.may_act(me, 'permissions', 'read', item.unit_id, false) then
        raise exception 'item_id: the access is given beyond your units'
            using errcode = '42501', hint = 'Leave it to whoever opened the review.';
    end if;
    update authz.access_review_items as i
    set decision = decide_review_item.decision,
        note = decide_review_item.note,
        decided_by = me,
        decided_at = clock_timestamp()
    where i.id = item.id;
    return row(item.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.decide_review_item(bigint, text, text) is
    'Decides an item of an open review: keep or revoke, with a note; another decision may follow '
    'until the review is closed. Only the reviewer may, not on their own access, and where they '
    'hold permissions:read at the unit of the access. 28000, 42501, 22023; 23514 a closed review.';
revoke all on function authz.decide_review_item(bigint, text, text) from public;
grant execute on function authz.decide_review_item(bigint, text, text) to fundwarden_app;
