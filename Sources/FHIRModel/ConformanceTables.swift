/// What a server says of itself and of code systems (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
///
/// A CapabilityStatement may leave its date out: IHE's own do.
enum ConformanceTables {
    static let text = """
        CapabilityStatement@D url:uri version:string name:string title:string status:=draft|active|retired|unknown!
          experimental:boolean date:dateTime publisher:string contact:ContactDetail* description:markdown
          useContext:UsageContext* jurisdiction:CodeableConcept* purpose:markdown copyright:markdown
          kind:=instance|capability|requirements! instantiates:canonical* imports:canonical*
          software:.CapabilityStatement.software implementation:.CapabilityStatement.implementation fhirVersion:code!
          format:code+ patchFormat:code* implementationGuide:canonical* rest:.CapabilityStatement.rest*
          messaging:.CapabilityStatement.messaging* document:.CapabilityStatement.document*
        CapabilityStatement.messaging@B endpoint:.CapabilityStatement.messaging.endpoint* reliableCache:unsignedInt
          documentation:markdown supportedMessage:.CapabilityStatement.messaging.supportedMessage*
        CapabilityStatement.messaging.endpoint@B protocol:Coding! address:url!
        CapabilityStatement.messaging.supportedMessage@B mode:=sender|receiver! definition:canonical!
        CapabilityStatement.document@B mode:=producer|consumer! documentation:markdown profile:canonical!
        CapabilityStatement.software@B name:string! version:string releaseDate:dateTime
        CapabilityStatement.implementation@B description:string! url:url custodian:Reference
        CapabilityStatement.rest@B mode:=client|server! documentation:markdown security:.CapabilityStatement.rest.security
          resource:.CapabilityStatement.rest.resource* interaction:.CapabilityStatement.rest.interaction*
          searchParam:.CapabilityStatement.rest.searchParam* operation:.CapabilityStatement.rest.operation*
          compartment:canonical*
        CapabilityStatement.rest.security@B cors:boolean service:CodeableConcept* description:markdown
        CapabilityStatement.rest.resource@B type:code! profile:canonical supportedProfile:canonical* documentation:markdown
          interaction:.CapabilityStatement.rest.interaction* versioning:code readHistory:boolean updateCreate:boolean
          conditionalCreate:boolean conditionalRead:code conditionalUpdate:boolean conditionalDelete:code
          referencePolicy:code* searchInclude:string* searchRevInclude:string*
          searchParam:.CapabilityStatement.rest.searchParam* operation:.CapabilityStatement.rest.operation*
        CapabilityStatement.rest.interaction@B code:code! documentation:markdown
        CapabilityStatement.rest.searchParam@B name:string! definition:canonical type:code! documentation:markdown
        CapabilityStatement.rest.operation@B name:string! definition:canonical! documentation:markdown
        ValueSet@D url:uri identifier:Identifier* version:string name:string title:string
          status:=draft|active|retired|unknown! experimental:boolean date:dateTime publisher:string contact:ContactDetail*
          description:markdown useContext:UsageContext* jurisdiction:CodeableConcept* immutable:boolean purpose:markdown
          copyright:markdown compose:.ValueSet.compose expansion:.ValueSet.expansion
        ValueSet.compose@B lockedDate:date inactive:boolean include:.ValueSet.compose.include+
          exclude:.ValueSet.compose.include*
        ValueSet.compose.include@B system:uri version:string concept:.ValueSet.compose.include.concept*
          filter:.ValueSet.compose.include.filter* valueSet:canonical*
        ValueSet.compose.include.concept@B code:code! display:string designation:.ValueSet.designation*
        ValueSet.compose.include.filter@B property:code! op:code! value:string!
        ValueSet.designation@B language:code use:Coding value:string!
        ValueSet.expansion@B identifier:uri timestamp:dateTime! total:integer offset:integer
          parameter:.ValueSet.expansion.parameter* contains:.ValueSet.expansion.contains*
        ValueSet.expansion.parameter@B name:string! value[x]:string|boolean|integer|decimal|uri|code|dateTime
        ValueSet.expansion.contains@B system:uri abstract:boolean inactive:boolean version:string code:code display:string
          designation:.ValueSet.designation* contains:.ValueSet.expansion.contains*
        OrganizationAffiliation@D identifier:Identifier* active:boolean period:Period organization:Reference
          participatingOrganization:Reference network:Reference* code:CodeableConcept* specialty:CodeableConcept*
          location:Reference* healthcareService:Reference* telecom:ContactPoint* endpoint:Reference*
        AuditEvent@D type:Coding! subtype:Coding* action:=C|R|U|D|E period:Period recorded:instant! outcome:=0|4|8|12
          outcomeDesc:string purposeOfEvent:CodeableConcept* agent:.AuditEvent.agent+ source:.AuditEvent.source!
          entity:.AuditEvent.entity*
        AuditEvent.agent@B type:CodeableConcept role:CodeableConcept* who:Reference altId:string name:string
          requestor:boolean! location:Reference policy:uri* media:Coding network:.AuditEvent.agent.network
          purposeOfUse:CodeableConcept*
        AuditEvent.agent.network@B address:string type:=1|2|3|4|5
        AuditEvent.source@B site:string observer:Reference! type:Coding*
        AuditEvent.entity@B what:Reference type:Coding role:Coding lifecycle:Coding securityLabel:Coding* name:string
          description:string query:base64Binary detail:.AuditEvent.entity.detail*
        AuditEvent.entity.detail@B type:string! value[x]:string|base64Binary
        """
}
