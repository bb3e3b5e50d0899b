-- Everything that was flagged goes at once, in the transaction that closes the review.

create or replace function authz.close_review(review_id bigint)
returns table (
    item_id bigint,
    kind text,
    source_id bigint,
    user_id bigint,
    title text,
    decision text,
    outcome text,
    detail text
)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    me bigint;
    review authz.access_reviews;
    item authz.access_review_items;
    done record;
    next_id bigint;
    callers_reason constant text := coalesce(current_setting('fundwarden.reason', true), '');
begin
    me := authz_private.begin_administration(
        (
            select r.tenant_id
            from authz.access_reviews as r
            where r.id = close_review.review_id
        ),
        'review_id'
    );
    select r.* into review
    from authz.access_reviews as r
    where r.id = close_review.review_id
    for update;
    if review.id is null
        or review.tenant_id <> (select u.tenant_id from authz.users as u where u.id = me)
        or not authz_private.may_act(me, 'permissions', 'update', review.unit_id, true)
    then
        perform authz_private.refuse_administration('review_id');
    end if;
    if review.closed_at is not null then
        raise exception 'review % is closed', review.id
            using errcode = '23514', hint = 'Open another review.';
    end if;
    update authz.access_reviews as r
    set closed_by = me, closed_at = clock_timestamp()
    where r.id = review.id;
    if callers_reason = '' then
        perform set_config('fundwarden.reason', format('review %s', review.id), true);
    end if;

    if review.undecided = 'escalate' and exists (
        select
        from authz.access_review_items as i
        where i.review_id = review.id and i.decision is null
    )
    then
        -- To whoever opened it, for as long as the first reviewer had.
        insert into authz.access_reviews as r (
            tenant_id, unit_id, reviewer_id, opened_by, due, undecided
        )
        values (
            review.tenant_id, review.unit_id, review.opened_by, me,
            authz.clock() + (review.due - review.opened_at), 'lapse'
        )
        returning r.id into next_id;
        insert into authz.access_review_items (
            review_id, tenant_id, kind, source_id, user_id, unit_id, found
        )
        select
            next_id,
            i.tenant_id,
            i.kind,
            i.source_id,
            i.user_id,
            i.unit_id,
            i.found
        from authz.access_review_items as i
        where i.review_id = review.id and i.decision is null;
    end if;
    for item in
        select i.*
        from authz.access_review_items as i
        where i.review_id = review.id
        order by i.id
    loop
        if item.decision = 'revoke' then
            select r.outcome, r.detail into done from authz_private.revoke_reviewed(item) as r;
        elsif item.decision = 'keep' then
            select 'kept' as outcome, null as detail into done;
        elsif review.undecided = 'escalate' then
            select 'escalated' as outcome, format('review %s', next_id) as detail into done;
        else
            select 'lapsed' as outcome, null as detail into done;
        end if;
        update authz.access_review_items as i
        set outcome = done.outcome, outcome_detail = done.detail
        where i.id = item.id;
        item_id := item.id;
        kind := item.kind;
        source_id := item.source_id;
        user_id := item.user_id;
        title := item.found ->> 'title';
        decision := item.decision;
        outcome := done.outcome;
        detail := done.detail;
        return next;
    end loop;
    perform set_config('fundwarden.reason', callers_reason, true);
end
$$;

comment on function authz.close_review(bigint) is
    'Closes a review and returns what became of each item: kept; revoked, by the normal functions '
    'as the caller; gone, if it had ended meanwhile; refused, with the reason, if the caller may '
    'not revoke it; escalated, into another review for whoever opened this one; lapsed, the access '
    'stays. Requires permissions:update throughout the unit. 28000, 42501; 23514 a closed review; '
    '40001: retry.';
revoke all on function authz.close_review(bigint) from public;
grant execute on function authz.close_review(bigint) to fundwarden_app;
