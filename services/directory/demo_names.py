"""Words of the demo company: people of many countries, and what it is made of."""

PEOPLE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "SE",
        ("Astrid", "Elin", "Gustav", "Ingrid", "Lars", "Maja", "Nils", "Sixten"),
        ("Lindqvist", "Bergström", "Ekdahl", "Sandell", "Nyström", "Hallgren"),
    ),
    (
        "NG",
        ("Adaeze", "Chidi", "Femi", "Ngozi", "Tunde", "Yetunde"),
        ("Okafor", "Adeyemi", "Balogun", "Eze", "Nwosu", "Oladipo"),
    ),
    (
        "IN",
        ("Aarav", "Divya", "Ishaan", "Kavya", "Meera", "Rohan", "Sunita", "Vikram"),
        ("Sharma", "Iyer", "Patel", "Reddy", "Banerjee", "Kulkarni"),
    ),
    (
        "DE",
        ("Anneliese", "Bernd", "Friederike", "Jürgen", "Katrin", "Matthias", "Ulrike"),
        ("Vogel", "Schröder", "Köhler", "Baumann", "Lindemann", "Pfeiffer"),
    ),
    (
        "BR",
        ("Beatriz", "Caio", "Fernanda", "João", "Larissa", "Rafael", "Thaís"),
        ("Carvalho", "Moreira", "Nogueira", "Teixeira", "Barbosa", "Ramos"),
    ),
    (
        "JP",
        ("Akiko", "Daisuke", "Haruka", "Kenji", "Misaki", "Takumi", "Yuki"),
        ("Nakamura", "Fujimoto", "Hayashi", "Shimizu", "Okada", "Yamaguchi"),
    ),
    (
        "GB",
        ("Alice", "Callum", "Eleanor", "Gareth", "Imogen", "Niall", "Rhiannon"),
        ("Ashworth", "Davies", "Fraser", "Hughes", "Macleod", "Whitfield"),
    ),
    (
        "MX",
        ("Alejandra", "Diego", "Guadalupe", "Íñigo", "Lucía", "Mateo", "Ximena"),
        ("Hernández", "Castillo", "Guerrero", "Mendoza", "Orozco", "Valdez"),
    ),
    (
        "EG",
        ("Amira", "Hassan", "Laila", "Mostafa", "Nadia", "Youssef"),
        ("Abdelrahman", "El-Sayed", "Farouk", "Mansour", "Nasser", "Soliman"),
    ),
    (
        "PL",
        ("Agnieszka", "Bartosz", "Jadwiga", "Łukasz", "Magdalena", "Wojciech"),
        ("Kowalczyk", "Nowak", "Wiśniewski", "Zieliński", "Mazur", "Jabłoński"),
    ),
)
COMPANIES = (
    "Harbour Care",
    "Meridian Foods",
    "Northlight Energy",
    "Castell Logistics",
    "Solvik Diagnostics",
    "Tern Rail",
)
DIVISIONS = ("Operations", "Customer Service", "Quality and Safety", "Finance", "People", "Technology")
DEPARTMENTS = ("Planning", "Field Team", "Day Shift", "Night Shift", "Support", "Audit", "Training", "Stores")
REGIONS = (
    ("Europe", ("Gothenburg", "Leipzig", "Kraków", "Cardiff")),
    ("Africa", ("Lagos", "Alexandria")),
    ("Americas", ("Recife", "Monterrey")),
    ("Asia", ("Pune", "Sendai")),
)
PROJECTS = ("Paperless Ward", "Cold Chain 2", "Winter Readiness", "One Ledger", "Quiet Trains", "Solar Roofs")
POSITIONS = (
    ("Clinical", ("Nurse", "Physiotherapist", "Laboratory Technician")),
    ("Transport", ("Driver", "Dispatcher", "Mechanic")),
    ("Office", ("Accountant", "Analyst", "Recruiter", "Software Engineer")),
    ("Leading", ("Team Leader", "Department Head", "Director")),
)
GRADES = ("Trainee", "Junior", "Experienced", "Senior", "Principal")
AUDIENCES = ("First aiders", "Fire wardens", "New starters", "Forklift users", "Works council", "Mentors")
