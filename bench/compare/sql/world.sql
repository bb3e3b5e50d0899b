-- Supervisors of about as many people as wanted, of one subtree that they belong to: then the
-- strategies' sets are the same as ours.
with s as materialized (
    select
        v.user_id,
        v.unit_id,
        v.subordinates,
        count(*) over (partition by v.user_id) as places
    from authz.supervisors as v
),

near as materialized (
    select s.user_id, s.unit_id, s.subordinates
    from s
    where s.places = 1
        and s.subordinates between %(people)s * 0.4 and %(people)s * 2.5
)

select s.user_id, s.subordinates, n.path::text, n.id
from near as s
inner join authz.org_units as n on s.unit_id = n.id
inner join authz.users as u on s.user_id = u.id
inner join authz.org_units as b on u.base_unit_id = b.id
where b.path operator(ext.<@) n.path
order by abs(s.subordinates - %(people)s), s.user_id
limit 20
