-- The population is copied, under the lock that every change by function takes: it never changes.

create or replace function authz.open_review(
    unit_id int, reviewer bigint, due timestamptz, undecided text default 'escalate'
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit authz.org_units;
    review_id bigint;
begin
    me := authz_private.begin_administration(
        (select n.tenant_id from authz.org_units as n where n.id = open_review.unit_id), 'unit_id'
    );
    unit := authz_private.administered_unit(
        me, 'permissions', 'update', open_review.unit_id, true, 'unit_id'
    );
    if unit.tenant_id <> (select u.tenant_id from authz.users as u where u.id = me) then
        perform authz_private.refuse_administration('unit_id');
    end if;
    if not exists (
        select
        from authz_private.active_users as u
        where u.id = open_review.reviewer and u.tenant_id = unit.tenant_id
    )
        or not authz_private.may_act(
            me, 'users', 'read',
            (select u.base_unit_id from authz.users as u where u.id = open_review.reviewer), false
        )
    then
        perform authz_private.refuse_administration('reviewer');
    end if;
    if not authz_private.may_act(open_review.reviewer, 'permissions', 'read', unit.id, true) then
        raise exception 'reviewer: may not see the access in the unit'
            using errcode = '42501', hint = 'Name somebody with permissions:read throughout it.';
    end if;
    if due is null or not isfinite(due) or due <= authz.clock() then
        raise exception 'due must be an instant to come'
            using errcode = '22023', hint = 'Pass when the review is to be closed.';
    end if;
    if undecided is null or undecided not in ('escalate', 'lapse') then
        raise exception 'undecided must be escalate or lapse, not %', quote_nullable(undecided)
            using errcode = '22023', hint = 'It says what becomes of items without a decision.';
    end if;
    insert into authz.access_reviews as r (
        tenant_id, unit_id, reviewer_id, opened_by, due, undecided
    )
    values (
        unit.tenant_id, unit.id, open_review.reviewer, me, open_review.due, open_review.undecided
    )
    returning r.id into review_id;
    insert into authz.access_review_items (
        review_id, tenant_id, kind, source_id, user_id, unit_id, found
    )
    select
        review_id,
        unit.tenant_id,
        r.kind,
        r.source_id,
        r.user_id,
        r.grant_unit_id,
        jsonb_strip_nulls(to_jsonb(r) - array['user_tenant_id', 'base_unit_id'])
    from authz_private.review_rows(unit.id) as r;
    return row(review_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.open_review(int, bigint, timestamptz, text) is
    'Opens a review of all access that reaches into the unit now, to be decided by the reviewer '
    'until due. undecided: what becomes of items without a decision, escalate or lapse. Requires '
    'permissions:update throughout the unit, and permissions:read there of the reviewer. 28000 if '
    'nobody is signed in; 42501; 22023 for a due in the past or another undecided; 40001: retry.';
revoke all on function authz.open_review(int, bigint, timestamptz, text) from public;
grant execute on function authz.open_review(int, bigint, timestamptz, text) to fundwarden_app;
